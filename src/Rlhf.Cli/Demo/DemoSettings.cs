namespace Rlhf.Cli.Demo;

/// <summary>
/// Everything that the demo fixes before it runs. Chosen on seed 0; the reported seeds are others.
/// Times in the comments are shares of one seed's run on two cores.
/// </summary>
internal sealed record DemoSettings
{
    // Text.
    public int VocabSize { get; init; } = 2048;

    public int MinOpeningWords { get; init; } = 4;

    public int MaxOpeningWords { get; init; } = 8;

    // Model: a GPT-2 of about 1.1 M parameters.
    public int Layers { get; init; } = 4;

    public int HiddenSize { get; init; } = 128;

    public int Heads { get; init; } = 4;

    public int ContextLength { get; init; } = 64;

    // Supervised fine-tuning (here: training) on the addresses.
    public int SftTokens { get; init; } = 740_000;

    public int SftBatch { get; init; } = 16;

    public double SftLearningRate { get; init; } = 3e-3;

    // Comparisons: K continuations of each opening, ranked.
    public int ResponseLength { get; init; } = 24;

    public int ResponsesPerPrompt { get; init; } = 4;

    public int RewardPrompts { get; init; } = 3000;

    /// <summary>Rankings that a person gives in the labeler's place; 0: the simulated labeler gives <see cref="RewardPrompts"/>.</summary>
    public int HumanRankings { get; init; }

    public int RewardHeldOutPrompts { get; init; } = 512;

    public double LabelErrorRate { get; init; } = 0.1;

    public int RewardBatchPrompts { get; init; } = 12;

    public double RewardEpochs { get; init; } = 2.5;

    public double RewardLearningRate { get; init; } = 1.5e-3;

    /// <summary>Memory of Adam's second moment: at 0.999 the layers may stay hundreds of steps on a plateau of 50 % accuracy, and on some seeds for good.</summary>
    public double RewardAdamBeta2 { get; init; } = 0.95;

    public int RewardNormalizeSamples { get; init; } = 256;

    // PPO.
    public int PpoUpdates { get; init; } = 28;

    public int PpoBatch { get; init; } = 128;

    public int PpoMiniBatches { get; init; } = 2;

    public int PpoEpochs { get; init; } = 2;

    public double PpoLearningRate { get; init; } = 3e-4;

    public double KlCoef { get; init; } = 0.05;

    /// <summary>Weight of the pretraining loss in PPO-ptx; 0 for none.</summary>
    public double PtxCoef { get; init; }

    /// <summary>Sequences of the pretraining mix in each optimizer step: as many as responses.</summary>
    public int PtxBatch { get; init; } = 64;

    // Evaluation, against the model before PPO, with the true lexicon, and on held-out text (131,072 tokens: the mean's error is 0.01 nats).
    public int HeldOutSequences { get; init; } = 2048;

    public int EvalPrompts { get; init; } = 512;
}
