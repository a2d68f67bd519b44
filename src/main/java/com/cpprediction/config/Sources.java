package com.cpprediction.config;

import com.cpprediction.watch.FileContent;
import java.util.List;

/**
 * What one look found in all files of the configuration; equal when the next one finds the same.
 *
 * @param file the configuration file
 * @param secrets the files of secrets, in the order the loader knows them
 */
record Sources(FileContent file, List<FileContent> secrets) {
  static final Sources NONE = new Sources(FileContent.ABSENT, List.of());

  Sources {
    secrets = List.copyOf(secrets);
  }
}
