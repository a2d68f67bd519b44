/** What tests of several packages need. */
package com.cpprediction.testing;
