/**
 * Format of the log, and the request id in its lines. Only this package imports Logback. Start at
 * {@link com.cpprediction.logging.Logging}.
 */
@NullMarked
package com.cpprediction.logging;

import org.jspecify.annotations.NullMarked;
