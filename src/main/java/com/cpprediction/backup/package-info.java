/**
 * Copies of the database in one file: {@link com.cpprediction.backup.DatabaseBackup} writes one,
 * {@link com.cpprediction.backup.DatabaseRestore} reads it into an empty database. {@code
 * BackupManifest} says what a file has.
 */
@NullMarked
package com.cpprediction.backup;

import org.jspecify.annotations.NullMarked;
