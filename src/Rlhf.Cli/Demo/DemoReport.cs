using Rlhf.Cli.Reports;

namespace Rlhf.Cli.Demo;

/// <summary>What the demo measured: written as <c>report.json</c> and shown by <c>report.html</c>.</summary>
internal sealed record DemoReport
{
    public required string Machine { get; init; }

    public required int Threads { get; init; }

    public required DemoSettings Settings { get; init; }

    public required IReadOnlyList<SeedReport> Seeds { get; init; }

    public required double Seconds { get; init; }

    public required double PeakMemoryMiB { get; init; }
}

/// <summary>One seed, from random weights to the evaluated policy.</summary>
internal sealed record SeedReport
{
    public required int Seed { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Held-out loss of token frequencies, nats a token.</summary>
    public required double UnigramLoss { get; init; }

    /// <summary>Held-out loss after supervised training, nats a token.</summary>
    public required double SftLoss { get; init; }

    /// <summary>Share of held-out, cleanly labelled comparisons that the reward model orders rightly.</summary>
    public required double RewardAccuracy { get; init; }

    public required int RewardComparisons { get; init; }

    public required PolicyEvaluation Evaluation { get; init; }

    public required IReadOnlyList<CurvePoint> SftCurve { get; init; }

    public required IReadOnlyList<CurvePoint> RewardCurve { get; init; }

    public required IReadOnlyList<CurvePoint> ScoreCurve { get; init; }

    public required IReadOnlyList<CurvePoint> KlCurve { get; init; }

    public required IReadOnlyList<SamplePair> Samples { get; init; }

    /// <summary>Seconds by stage, in order.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }
}

/// <summary>The policy after PPO against the model before it, on held-out openings, by the true lexicon.</summary>
internal sealed record PolicyEvaluation
{
    public required int Prompts { get; init; }

    /// <summary>Share of prompts on which PPO's text has the higher valence; a tie counts one half.</summary>
    public required double WinRate { get; init; }

    public required double MeanValenceSft { get; init; }

    public required double MeanValencePpo { get; init; }

    /// <summary>KL(PPO ‖ SFT) of a response, nats: mean over responses of the sum of log-ratios.</summary>
    public required double MeanKl { get; init; }

    /// <summary>Held-out perplexity after PPO over that before.</summary>
    public required double PerplexityRatio { get; init; }

    /// <summary>Distinct tokens over tokens within a response, mean.</summary>
    public required double DistinctSft { get; init; }

    public required double DistinctPpo { get; init; }

    /// <summary>Distinct tokens over all responses together.</summary>
    public required int VocabularySft { get; init; }

    public required int VocabularyPpo { get; init; }
}

/// <summary>The same opening continued by both models.</summary>
internal sealed record SamplePair(string Prompt, string Sft, string Ppo, double ValenceSft, double ValencePpo);
