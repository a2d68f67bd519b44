/** Every meter of the service: names, units and tags are a contract and stand in one class. */
package com.cpprediction.metrics;
