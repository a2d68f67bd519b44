/**
 * What the log looks like and what each line says of the request it belongs to. Logback is imported
 * here only. Start reading at {@link com.cpprediction.logging.Logging}.
 */
@NullMarked
package com.cpprediction.logging;

import org.jspecify.annotations.NullMarked;
