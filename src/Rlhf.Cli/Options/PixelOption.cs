using System.CommandLine;
using Rlhf.Environments.Pixels;
using Rlhf.Models;

namespace Rlhf.Cli.Options;

/// <summary>How games in frames are wrapped, under the names of Gymnasium's Atari wrapper and of ALE.</summary>
internal sealed class PixelOption
{
    private readonly Option<int> _frameSkip, _noops, _blankTop, _blankBottom;
    private readonly Option<double> _sticky;
    private readonly Option<bool> _lifeLoss, _clip;

    public PixelOption(OptionSet set)
    {
        var defaults = new PixelOptions();
        _frameSkip = set.AddNumber("frame_skip", "Games in frames: frames an action is held for", defaults.FrameSkip, 1, 60);
        _noops = set.AddNumber("noop_max", "Games in frames: an episode begins with 0 to so many frames without action", defaults.MaxNoops, 0, 1000);
        _sticky = set.AddNumber("repeat_action_probability", "Games in frames: how often a frame repeats the last action instead (sticky actions)", defaults.StickyActions, 0.0, 0.999);
        _blankTop = set.AddNumber("blank_top", "Games in frames: rows of the 84 made black at the top, where a game of others shows its score", defaults.BlankTop, 0, PixelEnvironment.FrameSize - 1);
        _blankBottom = set.AddNumber("blank_bottom", "Games in frames: rows of the 84 made black at the bottom", defaults.BlankBottom, 0, PixelEnvironment.FrameSize - 1);
        _lifeLoss = set.Add("terminal_on_life_loss", "Games in frames, --form standard: a lost life ends the episode", defaults.LifeLossEnds);
        _clip = set.Add("clip_rewards", "Games in frames: the true reward of a step within -1 and 1", defaults.ClipRewards);
    }

    /// <summary>Whether any rows are made black.</summary>
    public bool Blanks(ParseResult result) => result.GetValue(_blankTop) + result.GetValue(_blankBottom) > 0;

    /// <summary>What was given; null where nothing was.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="id">The environment.</param>
    /// <param name="hasFrames">Whether it has Atari's interface.</param>
    /// <param name="hidesEnds">Whether it has the paper's form.</param>
    /// <exception cref="DataFormatException">Something was, and the environment has no use for it.</exception>
    public PixelOptions? Of(ParseResult result, string id, bool hasFrames, bool hidesEnds)
    {
        Option[] options = [_frameSkip, _noops, _sticky, _blankTop, _blankBottom, _lifeLoss, _clip];
        if (Array.Find(options, option => result.GetResult(option) is { Implicit: false }) is not { } given)
            return null;
        if (!hasFrames)
            throw new DataFormatException($"{given.Name}: the environment is '{id}', expected a game in frames ({string.Join(", ", PixelGames.Ids)}, gym:ALE/…, or --gym_atari)");
        if (result.GetValue(_lifeLoss) && hidesEnds)
            throw new DataFormatException($"{_lifeLoss.Name}: --form paper hides the ends of games, expected --form standard");
        return new PixelOptions
        {
            HideEnds = hidesEnds,
            FrameSkip = result.GetValue(_frameSkip),
            MaxNoops = result.GetValue(_noops),
            StickyActions = result.GetValue(_sticky),
            BlankTop = result.GetValue(_blankTop),
            BlankBottom = result.GetValue(_blankBottom),
            LifeLossEnds = result.GetValue(_lifeLoss),
            ClipRewards = result.GetValue(_clip),
        };
    }
}
