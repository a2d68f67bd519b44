/** The rules of the source: which package imports which, and the one home of each library. */
package com.cpprediction.architecture;
