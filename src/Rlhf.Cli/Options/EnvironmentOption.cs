using System.CommandLine;
using Rlhf.Environments;
using Rlhf.Environments.Gymnasium;
using Rlhf.Environments.Pixels;

namespace Rlhf.Cli.Options;

/// <summary>The options that name an environment: <c>--env</c>, <c>--form</c>, <c>--horizon</c>, how games are wrapped, <c>--gym_…</c>.</summary>
internal sealed class EnvironmentOption
{
    private readonly Option<string?> _id;
    private readonly Option<string> _form;
    private readonly Option<int> _horizon;
    private readonly PixelOption _pixels;
    private readonly GymnasiumOption _gymnasium;

    public EnvironmentOption(OptionSet set)
    {
        _id = set.AddOptional("env", $"One of {string.Join(", ", EnvironmentCatalogue.Ids)}", "ID", required: true);
        _form = set.AddChoice("form", "Reward and ends of episodes: as in Christiano et al. 2017, or as benchmarks have them", "paper", "standard");
        _horizon = set.AddNumber("horizon", "Steps of an episode; 0: the task's own", 0, 0);
        _pixels = new PixelOption(set);
        _gymnasium = new GymnasiumOption(set);
    }

    /// <summary>Whether it is a game of Atari whose score stays on the screen, where a reward model could read it (Christiano et al. 2017 blank it, A.2).</summary>
    public bool ShowsScore(ParseResult result) => GymnasiumBridge.IsArcade(result.GetRequiredValue(_id)!) && !_pixels.Blanks(result);

    /// <summary>N environments; a function of the seed.</summary>
    public VectorEnvironment Create(ParseResult result, int count, int threads, ulong seed)
    {
        string id = result.GetRequiredValue(_id)!;
        TaskForm form = result.GetValue(_form) == "standard" ? TaskForm.Standard : TaskForm.Paper;
        bool hasFrames = PixelGames.Ids.Contains(id) || _gymnasium.HasFrames(result, id);
        var options = new EnvironmentOptions
        {
            Form = form,
            Horizon = result.GetValue(_horizon) is var horizon and > 0 ? horizon : null,
            Pixels = _pixels.Of(result, id, hasFrames, form == TaskForm.Paper),
            Gymnasium = _gymnasium.Of(result, id),
        };
        List<IEnvironment> environments = [];
        try
        {
            for (int i = 0; i < count; i++)
                environments.Add(EnvironmentCatalogue.Create(id, options));
            return new VectorEnvironment(environments, threads > 0 ? threads : Environment.ProcessorCount, seed);
        }
        catch
        {
            environments.ForEach(environment => environment.Dispose());
            throw;
        }
    }
}
