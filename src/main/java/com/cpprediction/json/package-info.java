/** JSON from untrusted callers, and digests. Imports no other package of the service. */
package com.cpprediction.json;
