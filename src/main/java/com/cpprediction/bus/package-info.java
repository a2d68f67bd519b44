/**
 * The event bus: every address, the messages that travel on it and their codecs. Start at {@link
 * com.cpprediction.bus.Bus}.
 */
@NullMarked
package com.cpprediction.bus;

import org.jspecify.annotations.NullMarked;
