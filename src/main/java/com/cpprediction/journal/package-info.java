/**
 * Keeps answered predictions on disk until PostgreSQL has them: records are appended, read back
 * after a restart, and dropped once settled. Knows nothing of what a record holds. Apache Artemis'
 * journal is imported here only; start reading at {@link com.cpprediction.journal.Journal}.
 */
package com.cpprediction.journal;
