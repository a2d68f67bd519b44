/**
 * The TLS key and certificate of the service: loaded from PEM files or a keystore, validated,
 * reloaded when the files change. Start reading at {@code KeyFiles}.
 */
@NullMarked
package com.cpprediction.tls;

import org.jspecify.annotations.NullMarked;
