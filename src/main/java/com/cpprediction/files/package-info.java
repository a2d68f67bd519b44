/**
 * Permissions of files: what the service keeps is its own user's alone. Start with {@link
 * com.cpprediction.files.OwnerOnly}.
 */
package com.cpprediction.files;
