/**
 * The configuration: its schema ({@code config.schema.json}, the one place of names, defaults and
 * ranges), its records, where each value came from, and the watcher that replaces it while the
 * service runs. Start reading at {@code ServiceConfig}, then {@code ConfigLoader}.
 */
package com.cpprediction.config;
