/**
 * The audit log: what operators did, before and after. An entry is on the disk of its node before
 * its call is responded to, and goes to PostgreSQL from there. Start at {@link
 * com.cpprediction.audit.AuditLog}, then {@code AuditRecorder}.
 */
@NullMarked
package com.cpprediction.audit;

import org.jspecify.annotations.NullMarked;
