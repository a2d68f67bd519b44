/**
 * CSV files of the offline tools, plain or compressed by gzip: {@link com.cpprediction.csv.CsvRows}
 * reads them, {@link com.cpprediction.csv.CsvOutput} writes them. The only package that imports
 * FastCSV; the service does not use it.
 */
@NullMarked
package com.cpprediction.csv;

import org.jspecify.annotations.NullMarked;
