package com.cpprediction.config;

import com.cpprediction.watch.FileContent;
import java.util.List;

/**
 * The files of the configuration as one poll read them.
 *
 * @param secrets the files of secrets, in the order of the loader
 */
record SourceFiles(FileContent file, List<FileContent> secrets) {
  SourceFiles {
    secrets = List.copyOf(secrets);
  }
}
