using System.CommandLine;
using System.Globalization;
using Rlhf.Labeling;
using Rlhf.Preferences;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf label</c>: the page on which people compare, rank and write; and who may.</summary>
internal sealed class LabelVerb
{
    private readonly Option<string> _database = new("--db") { Description = "Store with the questions; a training run makes it", HelpName = "FILE", Required = true };
    private readonly Option<string> _urls = new("--urls") { Description = "Where to listen; *:PORT for all addresses", HelpName = "URL", DefaultValueFactory = _ => new LabelingOptions().Url };
    private readonly Option<string?> _publicUrl = new("--public_url") { Description = "How labelers reach it where a proxy with TLS stands before it, or by another name [default: as it listens; with *:PORT by this machine's name]", HelpName = "URL" };
    private readonly Option<string?> _certificate = new("--certificate") { Description = "PEM file of a certificate, for an https address", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--certificate_key") { Description = "PEM file of its key", HelpName = "FILE" };
    private readonly Option<string?> _run = new("--run") { Description = "Only this run's questions [default: all runs, the newest first]", HelpName = "NAME" };
    private readonly Option<bool> _noQuality = new("--no_quality") { Description = "Do not offer 1 to 7 for the quality of text responses" };
    private readonly Option<string[]> _invite = new("--invite") { Description = "Print a link for a labeler of this name and end; a server may be running", HelpName = "NAME" };
    private readonly Option<string[]> _revoke = new("--revoke") { Description = "End a labeler's access and end; the answers stay", HelpName = "NAME" };
    private readonly Option<bool> _list = new("--list") { Description = "List runs, labelers and blind votes and end" };

    public static Command Create()
    {
        var verb = new LabelVerb();
        var command = new Command("label", "Serve the page on which people compare clips and texts, rank, and write demonstrations")
        {
            verb._database, verb._urls, verb._publicUrl, verb._certificate, verb._key, verb._run, verb._noQuality, verb._invite, verb._revoke, verb._list,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(verb._certificate) is null != result.GetResult(verb._key) is null)
                result.AddError("--certificate and --certificate_key belong together");
        });
        command.SetAction((result, cancellation) => verb.RunAsync(result, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string path = result.GetRequiredValue(_database);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file, expected the store of a training run (./rlhf prefs train … makes one)");
        using var store = new PreferenceStore(path);
        string url = result.GetValue(_publicUrl) ?? result.GetRequiredValue(_urls);
        bool done = Revoke(store, result.GetValue(_revoke) ?? [], output) | Invite(store, result.GetValue(_invite) ?? [], url, output);
        if (result.GetValue(_list))
        {
            List(store, output);
            done = true;
        }

        if (!done)
            await ServeAsync(result, store, output, cancellation).ConfigureAwait(false);
        return CommandLine.Success;
    }

    private async Task ServeAsync(ParseResult result, PreferenceStore store, TextWriter output, CancellationToken cancellation)
    {
        string? run = result.GetValue(_run);
        if (run is not null && store.FindRun(run) is null)
            throw new ArgumentException($"--run {run}: not in {store.Path}, which has {string.Join(", ", store.GetRuns().Select(each => each.Name).DefaultIfEmpty("no runs yet"))}");
        var options = new LabelingOptions
        {
            Url = result.GetRequiredValue(_urls),
            PublicUrl = result.GetValue(_publicUrl),
            Tls = result.GetValue(_certificate) is { } certificate ? (certificate, result.GetRequiredValue(_key)!) : null,
            Run = run,
            AsksQuality = !result.GetValue(_noQuality),
            Log = line => result.InvocationConfiguration.Error.WriteLine($"label: {line}"),
        };
        await using LabelingServer server = await LabelingServer.StartAsync(store, options, cancellation).ConfigureAwait(false);
        output.WriteLine($"labeling {store.Path} at {options.PublicUrl ?? LabelingServer.ForBrowsers(server.Address.ToString())}; Ctrl-C ends it");
        if (server.IsExposed)
        {
            output.WriteLine("warning: other machines can reach this address, and what they send is not encrypted: anyone on the way can read the invitations. "
                + "Better: leave it at 127.0.0.1 and let labelers come through `ssh -L`, or through a proxy with TLS and --public_url, or give --certificate.");
        }

        if (!store.GetLabelers().Any(labeler => labeler is { HasLink: true, Revoked: null }))
        {
            Invitation first = store.InviteLabeler(FreeName(store));
            output.WriteLine($"open {server.LinkFor(first)}");
        }
        else
        {
            output.WriteLine("labelers use the links that they have; another one: ./rlhf label --db FILE --invite NAME");
        }

        await output.FlushAsync(cancellation).ConfigureAwait(false);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            output.WriteLine("stopped; every answer that was acknowledged is in the store");
        }
    }

    private static bool Invite(PreferenceStore store, string[] names, string url, TextWriter output)
    {
        // Refused before anybody is invited: a secret is seen once.
        string page = LabelingServer.ForBrowsers(url);
        foreach (string name in names)
            output.WriteLine($"{name}: {LabelingServer.LinkFor(page, store.InviteLabeler(name))}");
        return names.Length > 0;
    }

    private static bool Revoke(PreferenceStore store, string[] names, TextWriter output)
    {
        foreach (string name in names)
        {
            Labeler labeler = store.GetLabelers().FirstOrDefault(each => each.Name == name)
                ?? throw new ArgumentException($"--revoke {name}: {store.Path} has no labeler of this name");
            output.WriteLine(store.RevokeLabeler(labeler.Id) ? $"{name}: access ended" : $"{name}: access had ended already");
        }

        return names.Length > 0;
    }

    private static void List(PreferenceStore store, TextWriter output)
    {
        foreach (PreferenceRun run in store.GetRuns())
        {
            LabelProgress progress = store.GetProgress(run.Id);
            output.WriteLine($"run {run.Name}: {progress.Answered} answered, {progress.Waiting} waiting ({run.Environment})");
            foreach (WinCount pair in BlindVotes.Count(store, run.Id))
            {
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"  {pair.First} beats {pair.Second} in {pair.WinRate:P1} of {pair.Votes} votes (ties half)"));
            }
        }

        foreach (Labeler labeler in store.GetLabelers())
            output.WriteLine($"labeler {labeler.Name}: {Standing(labeler)}");
    }

    private static string Standing(Labeler labeler) => labeler switch
    {
        { Kind: LabelerKind.Oracle } => "oracle",
        { Revoked: not null } => "revoked",
        { HasLink: false } => "imported, no link",
        _ => "invited",
    };

    private static string FreeName(PreferenceStore store)
    {
        HashSet<string> taken = [.. store.GetLabelers().Select(labeler => labeler.Name)];
        string user = Environment.UserName is { Length: > 0 } name ? name : "labeler";
        return Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? user : $"{user} {i}").First(each => !taken.Contains(each));
    }
}
