/**
 * The event bus: its addresses, messages and codecs, and how requests are sent and coalesced. Start
 * at {@link com.cpprediction.bus.Bus}.
 */
@NullMarked
package com.cpprediction.bus;

import org.jspecify.annotations.NullMarked;
