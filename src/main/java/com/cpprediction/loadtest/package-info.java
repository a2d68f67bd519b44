/**
 * Loads a running service and measures it: in an open loop, where requests are sent when they are
 * due whatever is answered and latencies count from then, or in a closed one. The service does not
 * use it. {@link com.cpprediction.loadtest.LoadGenerator} is where it starts.
 */
package com.cpprediction.loadtest;
