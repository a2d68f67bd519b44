/**
 * The dashboard: its state as JSON, and the server-sent events that keep pages current. Start at
 * {@link com.cpprediction.dashboard.DashboardState}.
 */
package com.cpprediction.dashboard;
