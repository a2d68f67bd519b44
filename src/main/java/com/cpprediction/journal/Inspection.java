package com.cpprediction.journal;

import java.nio.file.Path;
import java.util.List;

/**
 * Content and condition of a journal.
 *
 * @param waiting records that aren't settled, oldest first
 * @param corrupt number of unreadable records
 * @param unreachable number of waiting records that can be recovered from damaged files only
 * @param sound whether the files in use are undamaged
 * @param files number of files in use or preallocated
 * @param bytes size of these files on disk
 * @param damaged directories of damaged files that were set aside
 */
public record Inspection(
    List<Entry> waiting,
    int corrupt,
    int unreachable,
    boolean sound,
    int files,
    long bytes,
    List<Path> damaged) {}
