// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.config.ConfigException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.security.GeneralSecurityException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What a command says when it fails, and the exit code. A class and no lambdas: of picocli's old class files those would keep some out of the archive of classes. */
final class CommandErrors implements CommandLine.IExecutionExceptionHandler, CommandLine.IParameterExceptionHandler {
    /** One clear line for what a person can mend; a stack trace for our bugs only. */
    @Override
    public int handleExecutionException(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (failure instanceof ConfigException config) {
            config.problems().forEach(problem -> err.println("goinfer: " + problem.text()));
        } else if (failure instanceof NoSuchFileException missing) {
            err.println("goinfer: " + missing.getFile() + ": no such file");
        } else if (failure instanceof FileSystemException file) {
            err.println("goinfer: " + file.getFile() + ": "
                    + (file.getReason() == null ? "cannot be read or written (permission?)" : file.getReason()));
        } else if (failure instanceof IOException
                || failure instanceof AdminCommands.Problem
                || failure instanceof GeneralSecurityException
                || failure instanceof IllegalArgumentException) {
            err.println("goinfer: " + failure.getMessage());
        } else {
            err.println("goinfer: a bug: " + failure);
            failure.printStackTrace(err);
        }
        return 1;
    }

    @Override
    public int handleParseException(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        command.getErr().println("goinfer: " + failure.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(failure, command.getErr());
        command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        return 2;
    }
}
