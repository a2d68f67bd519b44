/**
 * Integration tests of the whole service from outside: over HTTP, the event bus and the command
 * line, in this JVM or as the packaged jar, with a real PostgreSQL. An {@code *IT} that needs
 * package-private access stays beside its type. Services, PostgreSQL and clusters are started with
 * the extensions of {@link com.cpprediction.testing}.
 */
package com.cpprediction.it;
