/**
 * Watches files for changes by polling: the configuration, the certificate, the release. Imports no
 * other package of the service. Start reading at {@code FileWatch}.
 */
@NullMarked
package com.cpprediction.watch;

import org.jspecify.annotations.NullMarked;
