/**
 * Write-ahead journal of predictions until PostgreSQL has them: records are appended, recovered
 * after a restart, and deleted once settled. Independent of the content of records. Apache Artemis'
 * journal is imported here only; start reading at {@link com.cpprediction.journal.Journal}.
 */
@NullMarked
package com.cpprediction.journal;

import org.jspecify.annotations.NullMarked;
