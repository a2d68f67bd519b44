/**
 * The packages for operators, installed and started as an operator does: the archive, the jars for
 * Linux and for servers, the Debian package and the container image. They run with {@code mvn -B
 * -Prelease verify}, one of them with {@code -Dit.test=DebianPackaging}, and are skipped with the
 * reason where a program of the machine is missing, or the right to change roots. System property
 * {@code debian.root}: a directory with a Debian that has a JRE, which is copied; by default
 * debootstrap makes one in {@code target/debian}.
 */
package com.cpprediction.packaging;
