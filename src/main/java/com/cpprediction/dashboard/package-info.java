/**
 * The dashboard: its state as JSON, and the server-sent events that keep pages current. Start at
 * {@link com.cpprediction.dashboard.DashboardState}.
 */
@NullMarked
package com.cpprediction.dashboard;

import org.jspecify.annotations.NullMarked;
