/**
 * The service as a process: the wiring of all verticles, their ordered start and stop, and the
 * directory that relative paths start from. Start at {@link com.cpprediction.server.Service}.
 */
package com.cpprediction.server;
