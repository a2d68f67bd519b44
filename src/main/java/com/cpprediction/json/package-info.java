/** JSON from untrusted callers, parsed strictly, and digests. */
package com.cpprediction.json;
