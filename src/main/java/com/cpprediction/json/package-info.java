/** JSON from untrusted callers, and digests. Imports no other package of the service. */
@NullMarked
package com.cpprediction.json;

import org.jspecify.annotations.NullMarked;
