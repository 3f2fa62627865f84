// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.config.ConfigException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
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
            config.problems().forEach(problem -> err.println("goinfer: " + Printable.text(problem.text())));
        } else if (failure instanceof NoSuchFileException missing) {
            say(err, missing.getFile() + ": no such file");
        } else if (failure instanceof FileSystemException file) {
            say(
                    err,
                    file.getFile() + ": "
                            + (file.getReason() == null
                                    ? "cannot be read or written (permission?)"
                                    : file.getReason()));
        } else if (failure instanceof IOException
                || failure instanceof AdminCommands.Problem
                || failure instanceof GeneralSecurityException
                || failure instanceof IllegalArgumentException) {
            say(err, String.valueOf(failure.getMessage()));
        } else {
            say(err, "a bug: " + failure);
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            err.print(Printable.text(trace.toString()));
            err.flush();
        }
        return 1;
    }

    /** A message may have in it what another machine said. */
    private static void say(PrintWriter err, String message) {
        err.println("goinfer: " + Printable.line(message));
    }

    @Override
    public int handleParseException(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        say(command.getErr(), String.valueOf(failure.getMessage()));
        CommandLine.UnmatchedArgumentException.printSuggestions(failure, command.getErr());
        command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        return 2;
    }
}
