using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Cli.Verbs.Prefs.Dashboard;
using Rlhf.Models;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary><c>rlhf prefs watch</c>: the live dashboard of a run, from any process that sees its folder.</summary>
internal sealed class WatchPrefs
{
    private readonly OptionSet _set = new();
    private readonly Option<string?> _directory;
    private readonly Option<int> _port;

    private WatchPrefs()
    {
        _directory = _set.AddOptional("output_dir", "The run's folder", "DIR", required: true);
        _port = _set.AddNumber("port", "Port on this machine; 0: any that is free", 8090, 0, 65535);
    }

    public static Command Create()
    {
        var verb = new WatchPrefs();
        Command command = verb._set.Command("watch", "Show a run as a live page: returns, labels, reward model, clips of the policy");
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        string directory = result.GetRequiredValue(_directory)!;
        if (!Directory.Exists(directory))
            throw new DataFormatException($"{directory}: missing, expected the folder of a run of prefs train");
        DashboardServer server = await DashboardServer.StartAsync(directory, result.GetValue(_port), cancellation).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            await result.InvocationConfiguration.Output.WriteLineAsync($"dashboard: {server.Address} (Ctrl-C ends it)").ConfigureAwait(false);
            await server.WaitAsync(cancellation).ConfigureAwait(false);
        }

        return CommandLine.Success;
    }
}
