/**
 * The configuration. {@code config.schema.json} has each key with its default, range and
 * description, a record component of the same name takes its value, and nothing else repeats
 * either. Start reading at {@code ConfigLoader}, which reads and validates; {@code ConfigWatcher}
 * replaces the configuration of a running service.
 */
@NullMarked
package com.cpprediction.config;

import org.jspecify.annotations.NullMarked;
