/**
 * What this service shows to those who want to know that it is the service: a private key and its
 * certificate, read from files, checked, and watched for another. Start reading at {@code
 * KeyFiles}.
 */
@NullMarked
package com.cpprediction.tls;

import org.jspecify.annotations.NullMarked;
