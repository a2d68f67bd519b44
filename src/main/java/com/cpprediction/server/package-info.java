/**
 * The service as a process: the wiring of all verticles, their ordered start and stop, and the base
 * directory of relative paths. Start reading at {@link com.cpprediction.server.Service}.
 */
@NullMarked
package com.cpprediction.server;

import org.jspecify.annotations.NullMarked;
