package com.cpprediction.journal;

import java.nio.file.Path;
import java.util.List;

/**
 * What is in a journal.
 *
 * @param waiting records that aren't settled, oldest first
 * @param corrupt records that can't be read
 * @param unreachable records among those waiting that opening has to save from damaged files
 * @param sound whether nothing is wrong with the files in use
 * @param files in use or kept for use
 * @param bytes of those on disk
 * @param damaged directories of files that were set aside before
 */
public record Inspection(
    List<Entry> waiting,
    int corrupt,
    int unreachable,
    boolean sound,
    int files,
    long bytes,
    List<Path> damaged) {}
