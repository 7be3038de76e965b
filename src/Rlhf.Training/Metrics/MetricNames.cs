namespace Rlhf.Training.Metrics;

/// <summary>
/// Every metric that a trainer logs: the one place for names, units and signs. Names and signs are TRL's where TRL logs the same
/// thing, in code rather than in its documentation: <c>non_score_reward = −β·KL</c> and <c>rlhf_reward = scores + non_score_reward</c>.
/// </summary>
public static class MetricNames
{
    /// <summary>Episodes (prompts with a response) so far.</summary>
    public const string Episode = "episode";

    /// <summary>Optimizer updates (PPO: rollouts) so far.</summary>
    public const string Step = "step";

    /// <summary>Passes over the data, fractional.</summary>
    public const string Epoch = "epoch";

    /// <summary>Learning rate of the step.</summary>
    public const string LearningRate = "lr";

    /// <summary>Episodes a second since the start.</summary>
    public const string EpisodesPerSecond = "eps";

    /// <summary>KL to the reference.</summary>
    public const string Kl = "objective/kl";

    /// <summary>Entropy of whole responses.</summary>
    public const string Entropy = "objective/entropy";

    /// <summary>The KL term of the reward.</summary>
    public const string NonScoreReward = "objective/non_score_reward";

    /// <summary>The whole reward.</summary>
    public const string RlhfReward = "objective/rlhf_reward";

    /// <summary>The score.</summary>
    public const string Scores = "objective/scores";

    /// <summary>Spread of the score.</summary>
    public const string ScoresStd = "objective/scores_std";

    /// <summary>β.</summary>
    public const string KlCoef = "objective/kl_coef";

    /// <summary>Policy change, squared form.</summary>
    public const string ApproxKl = "policy/approxkl_avg";

    /// <summary>Share of clipped tokens.</summary>
    public const string PolicyClipFraction = "policy/clipfrac_avg";

    /// <summary>Entropy per token.</summary>
    public const string PolicyEntropy = "policy/entropy_avg";

    /// <summary>Gradient norm of the policy.</summary>
    public const string PolicyGradNorm = "policy/grad_norm";

    /// <summary>Policy loss.</summary>
    public const string PolicyLoss = "loss/policy_avg";

    /// <summary>Value loss.</summary>
    public const string ValueLoss = "loss/value_avg";

    /// <summary>Pretraining loss.</summary>
    public const string PretrainingLoss = "loss/ptx_avg";

    /// <summary>Share of clipped values.</summary>
    public const string ValueClipFraction = "val/clipfrac_avg";

    /// <summary>Mean ratio.</summary>
    public const string Ratio = "val/ratio";

    /// <summary>Variance of the ratio.</summary>
    public const string RatioVariance = "val/ratio_var";

    /// <summary>Largest ratio.</summary>
    public const string RatioMax = "val/ratio_max";

    /// <summary>Difference of sampling and training forward.</summary>
    public const string RatioDrift = "val/ratio_drift";

    /// <summary>EOS tokens in the batch.</summary>
    public const string EosTokens = "val/num_eos_tokens";

    /// <summary>Explained variance of the value function.</summary>
    public const string ExplainedVariance = "val/explained_variance";

    /// <summary>Gradient norm of the value model.</summary>
    public const string ValueGradNorm = "val/grad_norm";

    /// <summary>Optimizer steps of the update.</summary>
    public const string OptimizerSteps = "optimizer_steps";

    /// <summary>Response length.</summary>
    public const string ResponseLength = "response/length";

    /// <summary>Responses that ran into the length limit.</summary>
    public const string TruncatedShare = "response/truncated_rate";

    /// <summary>Distinct tokens in responses.</summary>
    public const string DistinctShare = "response/distinct_share";

    /// <summary>Does length buy score?</summary>
    public const string ScoreLengthCorrelation = "response/score_length_corr";

    /// <summary>Largest KL of a single response.</summary>
    public const string KlMax = "response/kl_max";

    /// <summary>Throughput of a whole update.</summary>
    public const string TokensPerSecond = "tokens_per_second";

    /// <summary>Time of sampling.</summary>
    public const string TimeGenerate = "time/generate";

    /// <summary>Time of the reference's log-probs.</summary>
    public const string TimeReference = "time/reference";

    /// <summary>Time of scoring.</summary>
    public const string TimeReward = "time/reward";

    /// <summary>Time of the value forward.</summary>
    public const string TimeValue = "time/value";

    /// <summary>Time of all gradient work.</summary>
    public const string TimeOptimize = "time/optimise";

    /// <summary>Time of an update, logging included.</summary>
    public const string TimeUpdate = "time/update";

    /// <summary>Preferences: labels so far.</summary>
    public const string LabelCount = "preferences/labels";

    /// <summary>Preferences: labels that the schedule wants.</summary>
    public const string LabelPlan = "preferences/planned_labels";

    /// <summary>Preferences: unanswered queries.</summary>
    public const string OpenQueries = "preferences/open_queries";

    /// <summary>Preferences: disagreement of the ensemble.</summary>
    public const string RewardDisagreement = "preferences/disagreement";

    /// <summary>Reward model: correlation with the true reward.</summary>
    public const string RewardCorrelation = "reward_model/correlation";

    /// <summary>Reward model: training loss.</summary>
    public const string RewardLoss = "reward_model/loss";

    /// <summary>Reward model: validation loss.</summary>
    public const string RewardValidationLoss = "reward_model/validation_loss";

    /// <summary>Reward model: validation over training loss.</summary>
    public const string RewardLossRatio = "reward_model/validation_ratio";

    /// <summary>Reward model: L2 coefficient.</summary>
    public const string RewardL2 = "reward_model/l2";

    /// <summary>Reward model: accuracy in the bags.</summary>
    public const string RewardAccuracy = "reward_model/accuracy";

    /// <summary>Reward model: accuracy out of the bags.</summary>
    public const string RewardValidationAccuracy = "reward_model/validation_accuracy";

    /// <summary>Reward model: members that collapsed.</summary>
    public const string RewardCollapses = "reward_model/collapses";

    /// <summary>Reward model: optimizer steps.</summary>
    public const string RewardFitSteps = "reward_model/fit_steps";

    /// <summary>Reward model: age of what the policy used.</summary>
    public const string RewardStaleness = "reward_model/staleness";

    /// <summary>SFT and reward model: learning rate of the step, under Hugging Face's name.</summary>
    public const string SupervisedLearningRate = "learning_rate";

    /// <summary>SFT and reward model: loss.</summary>
    public const string Loss = "loss";

    /// <summary>SFT and reward model: gradient norm.</summary>
    public const string GradNorm = "grad_norm";

    /// <summary>SFT: entropy of the model.</summary>
    public const string TokenEntropy = "entropy";

    /// <summary>SFT: accuracy.</summary>
    public const string MeanTokenAccuracy = "mean_token_accuracy";

    /// <summary>SFT and reward model: loss of held-out examples.</summary>
    public const string EvalLoss = "eval_loss";

    /// <summary>SFT: perplexity of held-out examples.</summary>
    public const string EvalPerplexity = "eval_perplexity";

    /// <summary>Reward model: accuracy on held-out comparisons.</summary>
    public const string EvalAccuracy = "eval_accuracy";

    /// <summary>Tokens so far.</summary>
    public const string NumTokens = "num_tokens";

    /// <summary>Reward model: accuracy.</summary>
    public const string Accuracy = "accuracy";

    /// <summary>Reward model: margin.</summary>
    public const string Margin = "margin";

    /// <summary>Reward model: smallest score.</summary>
    public const string MinReward = "min_reward";

    /// <summary>Reward model: mean score.</summary>
    public const string MeanReward = "mean_reward";

    /// <summary>Reward model: largest score.</summary>
    public const string MaxReward = "max_reward";

    /// <summary>Control: environment steps so far.</summary>
    public const string ControlTimesteps = "time/total_timesteps";

    /// <summary>Control: throughput.</summary>
    public const string ControlStepsPerSecond = "time/fps";

    /// <summary>Control: time of collecting.</summary>
    public const string ControlTimeRollout = "time/rollout";

    /// <summary>Control: true return of finished episodes.</summary>
    public const string EpisodeReturn = "rollout/ep_rew_mean";

    /// <summary>Control: length of finished episodes.</summary>
    public const string EpisodeLength = "rollout/ep_len_mean";

    /// <summary>Control: finished episodes.</summary>
    public const string EpisodeCount = "rollout/episodes";

    /// <summary>Control: the reward that is learned from.</summary>
    public const string RolloutReward = "rollout/reward_mean";

    /// <summary>Control: diverged episodes.</summary>
    public const string EpisodesDiverged = "rollout/diverged";

    /// <summary>Control: exploration of a Gaussian policy.</summary>
    public const string PolicyStd = "train/std";

    /// <summary>Control: entropy of the policy.</summary>
    public const string ControlEntropy = "train/entropy";

    /// <summary>Control: how far an update went.</summary>
    public const string ControlKl = "train/kl_divergence";

    /// <summary>Control: gain of the surrogate.</summary>
    public const string ControlSurrogate = "train/policy_objective";

    /// <summary>Control: whether TRPO made a step.</summary>
    public const string LineSearchSuccess = "train/is_line_search_success";

    /// <summary>Control: lengths tried.</summary>
    public const string LineSearchSteps = "train/line_search_steps";

    /// <summary>Control: policy loss.</summary>
    public const string ControlPolicyLoss = "train/policy_gradient_loss";

    /// <summary>Control: error of the value function.</summary>
    public const string ControlValueLoss = "train/value_loss";

    /// <summary>Control: explained variance of the value function.</summary>
    public const string ControlExplainedVariance = "train/explained_variance";

    /// <summary>Control: share of clipped actions.</summary>
    public const string ControlClipFraction = "train/clip_fraction";

    /// <summary>Control: gradient norm.</summary>
    public const string ControlGradNorm = "train/grad_norm";

    /// <summary>Control: learning rate.</summary>
    public const string ControlLearningRate = "train/learning_rate";

    /// <summary>Control: return without exploration.</summary>
    public const string EvalReturn = "eval/mean_reward";

    /// <summary>Control: spread of the return without exploration.</summary>
    public const string EvalReturnStd = "eval/std_reward";

    /// <summary>Control: length without exploration.</summary>
    public const string EvalLength = "eval/mean_ep_length";

    /// <summary>All of them, with unit, sign and meaning.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        new(Episode, "episodes", MetricSign.Watch, "prompts answered so far"),
        new(Step, "steps", MetricSign.Watch, "updates so far; PPO counts a rollout as one"),
        new(Epoch, "epochs", MetricSign.Watch, "passes over the data"),
        new(LearningRate, string.Empty, MetricSign.Watch, "learning rate of the step"),
        new(EpisodesPerSecond, "episodes/s", MetricSign.Higher, "since the start of the run"),
        new(Kl, "nats/response", MetricSign.Watch, "KL estimate to the reference, summed over tokens, mean of responses"),
        new(Entropy, "nats/response", MetricSign.Watch, "−Σ log-prob of sampled tokens, mean of responses"),
        new(NonScoreReward, "reward", MetricSign.Watch, "−β·KL, summed over tokens, mean of responses"),
        new(RlhfReward, "reward", MetricSign.Higher, "scores + non_score_reward: what PPO maximises"),
        new(Scores, "reward", MetricSign.Higher, "score after normalisation and missing-EOS rule, mean of responses"),
        new(ScoresStd, "reward", MetricSign.Watch, "standard deviation of the score over responses"),
        new(KlCoef, "reward/nat", MetricSign.Watch, "β used for this rollout"),
        new(ApproxKl, "nats/token", MetricSign.Watch, "½(log-ratio)² between policy and sampling policy"),
        new(PolicyClipFraction, "share", MetricSign.Watch, "tokens whose clipped branch was taken"),
        new(PolicyEntropy, "nats/token", MetricSign.Watch, "entropy of the policy's distribution"),
        new(PolicyGradNorm, string.Empty, MetricSign.Watch, "gradient norm before clipping, mean of steps"),
        new(PolicyLoss, string.Empty, MetricSign.Watch, "clipped surrogate loss, mean of mini-batches"),
        new(ValueLoss, "reward²", MetricSign.Lower, "½ clipped squared error, mean of mini-batches"),
        new(PretrainingLoss, "nats/token", MetricSign.Lower, "cross-entropy on the pretraining mix"),
        new(ValueClipFraction, "share", MetricSign.Watch, "values whose clipped branch was taken"),
        new(Ratio, string.Empty, MetricSign.Watch, "mean ratio to the sampling policy"),
        new(RatioVariance, string.Empty, MetricSign.Watch, "variance of the ratio"),
        new(RatioMax, string.Empty, MetricSign.Watch, "largest ratio of the update"),
        new(RatioDrift, string.Empty, MetricSign.Lower, "max |ratio − 1| before the first step: sampling against training forward"),
        new(EosTokens, "tokens", MetricSign.Watch, "EOS tokens among all sampled ones"),
        new(ExplainedVariance, string.Empty, MetricSign.Higher, "1 − Var(return − value) / Var(return)"),
        new(ValueGradNorm, string.Empty, MetricSign.Watch, "gradient norm before clipping, mean of steps"),
        new(OptimizerSteps, "steps", MetricSign.Watch, "optimizer steps of this update"),
        new(ResponseLength, "tokens", MetricSign.Watch, "real tokens, mean of responses"),
        new(TruncatedShare, "share", MetricSign.Watch, "responses that fail the EOS test"),
        new(DistinctShare, "share", MetricSign.Watch, "distinct tokens over tokens, all responses together: falls when the policy repeats itself"),
        new(ScoreLengthCorrelation, string.Empty, MetricSign.Watch, "correlation of score and length: near ±1 the policy may game length"),
        new(KlMax, "nats", MetricSign.Watch, "largest KL of one response: where hacking starts"),
        new(TokensPerSecond, "tokens/s", MetricSign.Higher, "response tokens over the time of the whole update"),
        new(TimeGenerate, "s", MetricSign.Lower, "sampling"),
        new(TimeReference, "s", MetricSign.Lower, "log-probs of the reference (and of the policy, when recomputed)"),
        new(TimeReward, "s", MetricSign.Lower, "scoring"),
        new(TimeValue, "s", MetricSign.Lower, "values of the rollout"),
        new(TimeOptimize, "s", MetricSign.Lower, "forward, backward and optimizer steps"),
        new(TimeUpdate, "s", MetricSign.Lower, "the whole update"),
        new(LabelCount, "labels", MetricSign.Watch, "labels for training so far, ties included"),
        new(LabelPlan, "labels", MetricSign.Watch, "labels that the schedule wants by now"),
        new(OpenQueries, "queries", MetricSign.Watch, "asked and not answered"),
        new(RewardDisagreement, string.Empty, MetricSign.Watch, "variance over members of the predicted probability, mean of the candidate pairs"),
        new(RewardCorrelation, string.Empty, MetricSign.Higher, "correlation of learned and true reward over the steps of the batch; the learner never sees it"),
        new(RewardLoss, "nats/pair", MetricSign.Lower, "loss of pairs in their members' bags"),
        new(RewardValidationLoss, "nats/pair", MetricSign.Lower, "loss of pairs out of their members' bags, at the same weights"),
        new(RewardLossRatio, string.Empty, MetricSign.Watch, "validation over training loss: L2 holds it between 1.1 and 1.5"),
        new(RewardL2, string.Empty, MetricSign.Watch, "L2 coefficient, mean of members"),
        new(RewardAccuracy, "share", MetricSign.Higher, "decisive pairs in their members' bags that are predicted right"),
        new(RewardValidationAccuracy, "share", MetricSign.Higher, "decisive pairs out of their members' bags that are predicted right"),
        new(RewardCollapses, "members", MetricSign.Lower, "members that collapsed and were given fresh weights, so far"),
        new(RewardFitSteps, "steps", MetricSign.Watch, "optimizer steps so far"),
        new(RewardStaleness, "steps", MetricSign.Lower, "optimizer steps by which the policy's reward model was behind"),
        new(SupervisedLearningRate, string.Empty, MetricSign.Watch, "learning rate of the step"),
        new(EvalLoss, string.Empty, MetricSign.Lower, "loss of held-out examples: nats a token, or mean over prompts"),
        new(EvalPerplexity, string.Empty, MetricSign.Lower, "exp of the held-out loss"),
        new(EvalAccuracy, "share", MetricSign.Higher, "held-out pairs in which the chosen response scores higher"),
        new(Loss, string.Empty, MetricSign.Lower, "loss of the step"),
        new(GradNorm, string.Empty, MetricSign.Watch, "gradient norm before clipping"),
        new(TokenEntropy, "nats/token", MetricSign.Watch, "entropy of the model's distribution at counted tokens"),
        new(MeanTokenAccuracy, "share", MetricSign.Higher, "counted tokens that are the most likely one"),
        new(NumTokens, "tokens", MetricSign.Watch, "tokens seen so far"),
        new(Accuracy, "share", MetricSign.Higher, "pairs in which the chosen response scores higher"),
        new(Margin, "reward", MetricSign.Higher, "chosen minus rejected score"),
        new(MinReward, "reward", MetricSign.Watch, "smallest score of the step"),
        new(MeanReward, "reward", MetricSign.Watch, "mean score of the step"),
        new(MaxReward, "reward", MetricSign.Watch, "largest score of the step"),
        new(ControlTimesteps, "steps", MetricSign.Watch, "environment steps so far, all environments together"),
        new(ControlStepsPerSecond, "steps/s", MetricSign.Higher, "environment steps over the time since the last line, learning included"),
        new(ControlTimeRollout, "s", MetricSign.Lower, "acting: policy, environments and what watches them, of one update"),
        new(EpisodeReturn, "reward", MetricSign.Higher, "true return of the episodes that ended since the last line; the policy explores"),
        new(EpisodeLength, "steps", MetricSign.Watch, "length of the episodes that ended since the last line"),
        new(EpisodeCount, "episodes", MetricSign.Watch, "episodes that ended since the last line"),
        new(RolloutReward, "reward/step", MetricSign.Watch, "reward that was learned from, mean of steps; may be a learned one"),
        new(EpisodesDiverged, "episodes", MetricSign.Lower, "episodes so far that ended because the physics diverged"),
        new(PolicyStd, "action", MetricSign.Watch, "standard deviation of the policy, mean of coordinates"),
        new(ControlEntropy, "nats/step", MetricSign.Watch, "entropy of the policy's distribution over actions"),
        new(ControlKl, "nats/step", MetricSign.Watch, "mean KL from the old policy to the new one"),
        new(ControlSurrogate, "advantage", MetricSign.Higher, "gain of the surrogate (TRPO)"),
        new(LineSearchSuccess, "share", MetricSign.Higher, "1 where a step was found within the trust region"),
        new(LineSearchSteps, "steps", MetricSign.Lower, "step lengths that were tried"),
        new(ControlPolicyLoss, string.Empty, MetricSign.Watch, "policy loss, mean of mini-batches"),
        new(ControlValueLoss, "return²", MetricSign.Lower, "squared error of the value function"),
        new(ControlExplainedVariance, string.Empty, MetricSign.Higher, "1 − Var(return − value) / Var(return), before the fit"),
        new(ControlClipFraction, "share", MetricSign.Watch, "actions whose clipped branch was taken"),
        new(ControlGradNorm, string.Empty, MetricSign.Watch, "gradient norm before clipping, mean of steps"),
        new(ControlLearningRate, string.Empty, MetricSign.Watch, "learning rate of the step"),
        new(EvalReturn, "reward", MetricSign.Higher, "true return of the policy without exploration, mean of episodes"),
        new(EvalReturnStd, "reward", MetricSign.Watch, "standard deviation of that return over episodes"),
        new(EvalLength, "steps", MetricSign.Watch, "length of those episodes"),
    ];
}
