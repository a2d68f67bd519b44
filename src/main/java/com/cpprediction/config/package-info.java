/**
 * The configuration: its schema, its records, where each value came from, and the watcher that
 * replaces it while the service runs. Start reading at {@code ServiceConfig}.
 */
package com.cpprediction.config;
