/**
 * The event bus: every address, the messages that travel on it and their codecs. Start at {@link
 * com.cpprediction.bus.Bus}.
 */
package com.cpprediction.bus;
