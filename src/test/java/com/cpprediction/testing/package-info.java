/**
 * Set-ups that tests of several packages share: services, PostgreSQL and clusters, clients,
 * programs of the machine. A fixture that needs package-private access stays beside its type.
 */
package com.cpprediction.testing;
