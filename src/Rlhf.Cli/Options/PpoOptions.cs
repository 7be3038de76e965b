using System.CommandLine;
using Rlhf.Kernels.Policy;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Cli.Options;

/// <summary>The settings of <c>ppo</c> under TRL's names; an option where 0 means "not set" says so.</summary>
internal sealed class PpoOptions
{
    private static readonly PpoConfig Defaults = new();
    private readonly List<Func<ParseResult, PpoConfig, PpoConfig>> _apply = [];
    private readonly OptionSet _set;
    private readonly Option<string> _stopToken;
    private readonly Option<int> _stopTokenId;

    public PpoOptions(OptionSet set)
    {
        _set = set;
        AddOptimizer();
        AddBatches();
        _stopToken = set.AddChoice("stop_token", "Token that ends a response", "none", "eos");
        _stopTokenId = set.AddNumber("stop_token_id", "The same as an id, instead of --stop_token; -1: none", -1, -1);
        AddSampling();
        AddReward();
        AddLoss();
    }

    /// <summary>Whether both ways of naming the stop token were used.</summary>
    public bool NamesStopTokenTwice(System.CommandLine.Parsing.CommandResult result) =>
        result.GetResult(_stopToken) is { Implicit: false } && result.GetResult(_stopTokenId) is { Implicit: false };

    /// <summary>The settings of a command line.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="eos">The tokenizer's EOS; asked only where it is needed.</param>
    public PpoConfig Config(ParseResult result, Func<int> eos)
    {
        int id = result.GetValue(_stopTokenId);
        PpoConfig config = Defaults with { StopTokenId = id >= 0 ? id : result.GetValue(_stopToken) == "eos" ? eos() : null };
        foreach (Func<ParseResult, PpoConfig, PpoConfig> apply in _apply)
            config = apply(result, config);
        config.Validate();
        return config;
    }

    private void AddOptimizer()
    {
        Number("learning_rate", "Learning rate of policy and value model", Defaults.LearningRate, 0, (c, v) => c with { LearningRate = v }, exclusive: true);
        Number("value_learning_rate", "Learning rate of the value model; 0: the same", 0.0, 0, (c, v) => c with { ValueLearningRate = v > 0 ? v : null });
        Choice("lr_scheduler_type", "Fall of the learning rate", (c, v) => c with { Schedule = Enum.Parse<ScheduleKind>(v, true) }, "linear", "constant", "cosine");
        Number("warmup_steps", "Updates of linear warm-up", 0, 0, (c, v) => c with { WarmupSteps = v });
        Number("warmup_from", "Where warm-up begins, as a share of the learning rate", 0.0, 0, (c, v) => c with { WarmupFrom = v }, most: 1);
        Number("adam_beta1", "Decay of Adam's first moment", Defaults.AdamBeta1, 0, (c, v) => c with { AdamBeta1 = v }, most: 0.9999f);
        Number("adam_beta2", "Decay of Adam's second moment", Defaults.AdamBeta2, 0, (c, v) => c with { AdamBeta2 = v }, most: 0.99999f);
        Number("adam_epsilon", "Adam's epsilon; 0: that of --conventions", 0f, 0, (c, v) => v > 0 ? c with { Conventions = c.Conventions with { AdamEpsilon = v } } : c);
        Number("weight_decay", "Decoupled weight decay of matrices", 0f, 0, (c, v) => c with { WeightDecay = v });
        Number("max_grad_norm", "Gradient norm of a model to clip at; 0: no clipping", 1f, 0, (c, v) => c with { MaxGradNorm = v > 0 ? v : null });
        Number("ema_decay", "Decay of an average of the policy's weights, saved in ema/; 0: none", 0f, 0, (c, v) => c with { EmaDecay = v > 0 ? v : null }, most: 1);
    }

    private void AddBatches()
    {
        Number("per_device_train_batch_size", "Responses in one forward and backward", Defaults.PerDeviceTrainBatchSize, 1, (c, v) => c with { PerDeviceTrainBatchSize = v });
        Number("gradient_accumulation_steps", "A batch is this many times per_device_train_batch_size", 1, 1, (c, v) => c with { GradientAccumulationSteps = v });
        Number("num_mini_batches", "Optimizer steps of an epoch over a batch", 1, 1, (c, v) => c with { NumMiniBatches = v });
        Number("num_ppo_epochs", "Passes over each batch", Defaults.NumPpoEpochs, 1, (c, v) => c with { NumPpoEpochs = v });
        Number("total_episodes", "Episodes of the run; 0: by num_train_epochs", 0L, 0, (c, v) => c with { TotalEpisodes = v > 0 ? v : null });
        Number("num_train_epochs", "Passes over the prompts", Defaults.NumTrainEpochs, 0, (c, v) => c with { NumTrainEpochs = v }, exclusive: true);
        Number("local_rollout_forward_batch_size", "Responses in one forward of sampling and scoring", Defaults.LocalRolloutForwardBatchSize, 1, (c, v) => c with { LocalRolloutForwardBatchSize = v });
        Number("num_sample_generations", "How often a table of samples is shown; 0: never", Defaults.NumSampleGenerations, 0, (c, v) => c with { NumSampleGenerations = v });
        Number("logged_completions", "Completions of each batch that are logged", Defaults.LoggedCompletions, 0, (c, v) => c with { LoggedCompletions = v });
        Number("save_steps", "Updates between checkpoints; 0: none", Defaults.SaveSteps, 0, (c, v) => c with { SaveSteps = v });
        Number("seed", "Seed of prompt order, sampling and permutations", 42L, 0, (c, v) => c with { Seed = (ulong)v });
    }

    private void AddSampling()
    {
        Number("response_length", "Most tokens of a response", Defaults.ResponseLength, 1, (c, v) => c with { ResponseLength = v });
        Number("truncate_after", "Stop tokens before this position do not count", 0, 0, (c, v) => c with { TruncateAfter = v });
        Number("temperature", "Divides the logits", Defaults.Temperature, 0, (c, v) => c with { Temperature = v }, exclusive: true);
        Number("top_k", "Sample among this many tokens; 0: all", 0, 0, (c, v) => c with { TopK = v });
        Number("top_p", "Sample among the likeliest tokens of this mass", 1f, 0, (c, v) => c with { TopP = v }, most: 1, exclusive: true);
        Flag("truncated_logprobs", "Old log-probs of the distribution that top_k and top_p leave", (c, v) => c with { TruncatedLogprobs = v });
        Number("sampled_vocab_size", "Tokens from this id on are never sampled; 0: all may be", 0, 0, (c, v) => c with { SampledVocabSize = v > 0 ? v : null });
        Choice("old_logprobs", "Old log-probs from the draw, or recomputed by a training forward", (c, v) => c with { OldLogprobs = Enum.Parse<OldLogprobs>(v, true) }, "sample", "recompute");
    }

    private void AddReward()
    {
        // First of all that touches them: later options change single conventions.
        _apply.Insert(0, Bind(
            _set.AddChoice("conventions", "Whose choices where implementations differ", "default", "trl", "summarize", "lmhp"),
            (c, v) => c with { Conventions = Conventions(v) }));
        Number("missing_eos_penalty", "Cost of a response without EOS; 0: none", 0f, 0, (c, v) => c with { MissingEosPenalty = v > 0 ? v : null });
        Flag("whiten_rewards", "Scale rewards to variance 1", (c, v) => c with { WhitenRewards = v });
        Number("reward_gain", "Multiplies scores", 1f, float.MinValue, (c, v) => c with { RewardGain = v });
        Number("reward_bias", "Added to scores", 0f, float.MinValue, (c, v) => c with { RewardBias = v });
        Number("reward_clip", "Bounds scores; 0: none", 0f, 0, (c, v) => c with { RewardClip = v > 0 ? v : null });
        Number("kl_coef", "KL coefficient", Defaults.KlCoef, 0, (c, v) => c with { KlCoef = v });
        Choice("kl_estimator", "KL estimator", (c, v) => c with { KlEstimator = Enum.Parse<KlEstimator>(v, true) }, "k1", "k2", "k3");
        Number("adaptive_kl_target", "KL of a response that the coefficient is steered to; 0: fixed coefficient", 0.0, 0, (c, v) => c with { AdaptiveKlTarget = v > 0 ? v : null });
        Number("adaptive_kl_horizon", "Episodes over which the coefficient may change by about a factor", Defaults.AdaptiveKlHorizon, 0, (c, v) => c with { AdaptiveKlHorizon = v }, exclusive: true);
    }

    private void AddLoss()
    {
        Number("gamma", "Discount", Defaults.Gamma, 0, (c, v) => c with { Gamma = v }, most: 1);
        Number("lam", "Lambda of GAE", Defaults.Lam, 0, (c, v) => c with { Lam = v }, most: 1);
        Number("cliprange", "The ratio is clipped to 1 ± this", Defaults.Cliprange, 0, (c, v) => c with { Cliprange = v }, most: 1);
        Number("cliprange_high", "Upper clip distance; 0: the same", 0f, 0, (c, v) => c with { CliprangeHigh = v > 0 ? v : null });
        Number("dual_clip", "Bound on the loss of negative advantages, above 1; 0: none", 0f, 0, (c, v) => c with { DualClip = v });
        Number("cliprange_value", "Values are clipped to ± this around the old ones", Defaults.CliprangeValue, 0, (c, v) => c with { CliprangeValue = v });
        Number("vf_coef", "Weight of the value loss", Defaults.VfCoef, 0, (c, v) => c with { VfCoef = v });
        Number("entropy_coef", "Weight of an entropy bonus", 0f, 0, (c, v) => c with { EntropyCoef = v });
        Number("target_kl", "Ends an update when its approximate KL exceeds 1.5 × this; 0: never", 0.0, 0, (c, v) => c with { TargetKl = v > 0 ? v : null });
        Number("ptx_coef", "Weight of the cross-entropy on --ptx_dataset; 0: off", 0f, 0, (c, v) => c with { PtxCoef = v });
        Number("ptx_batch_size", "Pretraining sequences an optimizer step; 0: 8 × the mini-batch", 0, 0, (c, v) => c with { PtxBatchSize = v > 0 ? v : null });
    }

    private static PpoConventions Conventions(string name) => name switch
    {
        "trl" => PpoConventions.Trl,
        "summarize" => PpoConventions.SummarizeFromFeedback,
        "lmhp" => PpoConventions.LmHumanPreferences,
        _ => PpoConventions.Default,
    };

    private static Func<ParseResult, PpoConfig, PpoConfig> Bind<T>(Option<T> option, Func<PpoConfig, T, PpoConfig> apply)
        where T : notnull => (result, config) => apply(config, result.GetRequiredValue(option));

    private void Number<T>(string name, string description, T initial, T least, Func<PpoConfig, T, PpoConfig> apply, T? most = null, bool exclusive = false)
        where T : struct, IComparable<T> => _apply.Add(Bind(_set.AddNumber(name, description, initial, least, most, exclusive), apply));

    private void Flag(string name, string description, Func<PpoConfig, bool, PpoConfig> apply) =>
        _apply.Add(Bind(_set.Add(name, description, false), apply));

    private void Choice(string name, string description, Func<PpoConfig, string, PpoConfig> apply, params string[] words) =>
        _apply.Add(Bind(_set.AddChoice(name, description, words), apply));
}
