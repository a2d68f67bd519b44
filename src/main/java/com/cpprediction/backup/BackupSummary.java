package com.cpprediction.backup;

/**
 * What a backup or a restore has copied.
 *
 * @param tables number of them
 * @param rows of all tables
 * @param bytes of all rows, not compressed
 */
public record BackupSummary(int tables, long rows, long bytes) {
  static BackupSummary of(BackupManifest manifest) {
    return new BackupSummary(manifest.tables().size(), manifest.rows(), manifest.bytes());
  }
}
