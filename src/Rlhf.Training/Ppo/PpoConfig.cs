using Rlhf.Kernels.Policy;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>
/// Settings of <see cref="PpoTrainer"/>. Names, meanings and defaults are those of TRL's PPOConfig (and of Hugging Face's
/// TrainingArguments under it) unless a property says otherwise.
/// </summary>
public sealed record PpoConfig
{
    /// <summary>Learning rate of policy and value model. Default 3e-6 (TRL, N+).</summary>
    public double LearningRate { get; init; } = 3e-6;

    /// <summary>Learning rate of the value model where it differs (InstructGPT: 9e-6). Default: the policy's. Not in TRL.</summary>
    public double? ValueLearningRate { get; init; }

    /// <summary>Fall of the learning rate, stepped once per update. Default linear to 0 (TRL).</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>Updates of linear warm-up. Default 0 (TRL); InstructGPT: 10.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Where warm-up begins, as a share of the learning rate. Default 0 (Hugging Face); InstructGPT: 0.1.</summary>
    public double WarmupFrom { get; init; }

    /// <summary>Adam's β1. Default 0.9.</summary>
    public float AdamBeta1 { get; init; } = 0.9f;

    /// <summary>Adam's β2. Default 0.999; InstructGPT: 0.95.</summary>
    public float AdamBeta2 { get; init; } = 0.999f;

    /// <summary>Decoupled weight decay. Default 0.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Gradient norm above which a model's gradients are scaled down, each model by itself; null: never. Default 1 (TRL names it and ignores it).</summary>
    public float? MaxGradNorm { get; init; } = 1;

    /// <summary>Decay of an average of the policy's weights, saved beside it; null (the default): none. InstructGPT: 0.992. Not in TRL.</summary>
    public float? EmaDecay { get; init; }

    /// <summary>Responses in one forward and backward pass: bounds memory, changes no result. Default 8.</summary>
    public int PerDeviceTrainBatchSize { get; init; } = 8;

    /// <summary>Passes per batch: <see cref="BatchSize"/> = this × <see cref="PerDeviceTrainBatchSize"/>. Default 1.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Optimizer steps of an epoch over a rollout; must divide <see cref="BatchSize"/>. Default 1. (TRL ignores it under accumulation.)</summary>
    public int NumMiniBatches { get; init; } = 1;

    /// <summary>Passes over each rollout. Default 4; InstructGPT: 1.</summary>
    public int NumPpoEpochs { get; init; } = 4;

    /// <summary>Episodes of the run. Default null: <see cref="NumTrainEpochs"/> passes over the prompts.</summary>
    public long? TotalEpisodes { get; init; }

    /// <summary>Passes over the prompts when <see cref="TotalEpisodes"/> is null. Default 3.</summary>
    public double NumTrainEpochs { get; init; } = 3;

    /// <summary>Responses in one forward pass of sampling and scoring. Default 64.</summary>
    public int LocalRolloutForwardBatchSize { get; init; } = 64;

    /// <summary>How often sample completions are printed and logged over the run; 0: never. Default 10.</summary>
    public int NumSampleGenerations { get; init; } = 10;

    /// <summary>Completions of each rollout that are logged with text, tokens and score. Default 8. Not in TRL.</summary>
    public int LoggedCompletions { get; init; } = 8;

    /// <summary>Most tokens of a response. Default 53 (N+'s TL;DR).</summary>
    public int ResponseLength { get; init; } = 53;

    /// <summary>Token that ends a response; null (the default): responses run to <see cref="ResponseLength"/>. `--stop_token eos` sets the tokenizer's EOS.</summary>
    public int? StopTokenId { get; init; }

    /// <summary>Stop tokens before this position do not count. Default 0; lm-human-preferences: 16 of 24. Not in TRL.</summary>
    public int TruncateAfter { get; init; }

    /// <summary>Divides the logits, at sampling and in all log-probs. Default 0.7 (N+).</summary>
    public float Temperature { get; init; } = 0.7f;

    /// <summary>Sample among this many tokens; 0 (the default): all. Log-probs stay those of the full distribution.</summary>
    public int TopK { get; init; }

    /// <summary>Sample among the most likely tokens of this mass; 1 (the default): all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>With top-k or top-p, take old log-probs of the truncated distribution. Default false. Not in TRL.</summary>
    public bool TruncatedLogprobs { get; init; }

    /// <summary>Tokens from this id on are never sampled and have no probability (padding, unused rows). Default null: all count.</summary>
    public int? SampledVocabSize { get; init; }

    /// <summary>Where old log-probs come from. Default the sampling kernel.</summary>
    public OldLogprobs OldLogprobs { get; init; } = OldLogprobs.Sample;

    /// <summary>Cost of a response without EOS; null (the default): none.</summary>
    public float? MissingEosPenalty { get; init; }

    /// <summary>Scale rewards to variance 1, keeping their mean. Default false; needs mini-batches of at least 8.</summary>
    public bool WhitenRewards { get; init; }

    /// <summary>Multiplies scores of the reward function. Default 1. Not in TRL.</summary>
    public float RewardGain { get; init; } = 1;

    /// <summary>Added to the scores after the gain. Default 0. Not in TRL.</summary>
    public float RewardBias { get; init; }

    /// <summary>Bounds scores to ± this after gain and bias; null (the default): none. DeepSpeed-Chat: 5. Not in TRL.</summary>
    public float? RewardClip { get; init; }

    /// <summary>β, reward a nat. Default 0.05 (N+); InstructGPT: 0.02.</summary>
    public float KlCoef { get; init; } = 0.05f;

    /// <summary>KL estimator of the penalty. Default k1; TRL has k1 and k3.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K1;

    /// <summary>KL in nats a response that β is steered to; null (the default): β is fixed. lm-human-preferences: 6. Not in TRL.</summary>
    public double? AdaptiveKlTarget { get; init; }

    /// <summary>Episodes over which β may change by about a factor. Default 10000 (lm-human-preferences).</summary>
    public double AdaptiveKlHorizon { get; init; } = 10_000;

    /// <summary>Discount. Default 1.</summary>
    public float Gamma { get; init; } = 1;

    /// <summary>λ of GAE. Default 0.95.</summary>
    public float Lam { get; init; } = 0.95f;

    /// <summary>The ratio is clipped to 1 ± this. Default 0.2.</summary>
    public float Cliprange { get; init; } = 0.2f;

    /// <summary>Upper clip distance where it differs (DAPO's clip-higher). Default: <see cref="Cliprange"/>. Not in TRL.</summary>
    public float? CliprangeHigh { get; init; }

    /// <summary>Bound on the loss of negative advantages; 0 (the default): none. verl: 3. Not in TRL.</summary>
    public float DualClip { get; init; }

    /// <summary>Values are clipped to ± this around the old ones. Default 0.2.</summary>
    public float CliprangeValue { get; init; } = 0.2f;

    /// <summary>Weight of the value loss. Default 0.1.</summary>
    public float VfCoef { get; init; } = 0.1f;

    /// <summary>Weight of an entropy bonus. Default 0. Not in TRL.</summary>
    public float EntropyCoef { get; init; }

    /// <summary>An update ends before the step of a mini-batch whose approximate KL exceeds 1.5 × this; null (the default): never. Not in TRL.</summary>
    public double? TargetKl { get; init; }

    /// <summary>Weight of the pretraining cross-entropy added to the policy's loss (PPO-ptx). Default 0: off. InstructGPT: 27.8. Not in TRL.</summary>
    public float PtxCoef { get; init; }

    /// <summary>Pretraining sequences of each optimizer step. Default null: 8 × the mini-batch (InstructGPT).</summary>
    public int? PtxBatchSize { get; init; }

    /// <summary>Updates between checkpoints; the end always writes one. Default 500.</summary>
    public int SaveSteps { get; init; } = 500;

    /// <summary>Seed of prompts' order, sampling and permutations. Default 42.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Choices on which implementations differ.</summary>
    public PpoConventions Conventions { get; init; } = PpoConventions.Default;

    /// <summary>Episodes of a rollout.</summary>
    public int BatchSize => PerDeviceTrainBatchSize * GradientAccumulationSteps;

    /// <summary>Episodes of an optimizer step.</summary>
    public int MiniBatchSize => BatchSize / NumMiniBatches;

    /// <summary>Updates of a run over this many prompts.</summary>
    public int TotalUpdates(int prompts) =>
        checked((int)Math.Ceiling((TotalEpisodes ?? NumTrainEpochs * prompts) / (double)BatchSize));

    /// <summary>Throws where a setting is out of its range or two do not fit together.</summary>
    public void Validate() => PpoConfigRules.Check(this);
}
