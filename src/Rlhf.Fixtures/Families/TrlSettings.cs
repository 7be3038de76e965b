using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Policy;

namespace Rlhf.Fixtures.Families;

/// <summary>TRL's PPOConfig as a case gives it.</summary>
internal sealed record TrlSettings
{
    // What the reference adds to the temperature, so that 0 does not divide.
    private const double TemperatureOffset = 1e-7;

    public required int Pad { get; init; }

    public required int Eos { get; init; }

    public required int? Stop { get; init; }

    public required float Temperature { get; init; }

    public required KlEstimator Estimator { get; init; }

    public required double KlCoef { get; init; }

    public required bool WhitenRewards { get; init; }

    public required float? MissingEosPenalty { get; init; }

    public required float Gamma { get; init; }

    public required float Lambda { get; init; }

    public required float ClipRange { get; init; }

    public required float ValueClipRange { get; init; }

    public required float ValueCoef { get; init; }

    public required int Epochs { get; init; }

    public required int MiniBatches { get; init; }

    public required int Accumulation { get; init; }

    /// <summary>What stands for a log-prob at padding in the reference's tensors.</summary>
    public required float InvalidLogprob { get; init; }

    public static TrlSettings Read(CaseArguments arguments)
    {
        float invalid = (float)(arguments.OptionalNumber("invalid_logprob") ?? 1);

        // The trainer's TRL metrics know TRL's sentinel and no other.
        if (invalid != 1)
            throw new FixtureException($"argument 'invalid_logprob' is {invalid}, understood is 1");
        return new TrlSettings
        {
            Pad = arguments.Integer("pad_token_id"),
            Eos = arguments.Integer("eos_token_id"),
            Stop = arguments.OptionalInteger("stop_token_id"),
            Temperature = (float)((arguments.OptionalNumber("temperature") ?? 1) + TemperatureOffset),
            Estimator = arguments.Choice("kl_estimator", "k1", "k2", "k3", "abs") switch
            {
                "k1" => KlEstimator.K1,
                "k2" => KlEstimator.K2,
                "k3" => KlEstimator.K3,
                _ => KlEstimator.Abs,
            },
            KlCoef = arguments.Number("kl_coef"),
            WhitenRewards = arguments.Boolean("whiten_rewards", false),
            MissingEosPenalty = (float?)arguments.OptionalNumber("missing_eos_penalty"),
            Gamma = (float)arguments.Number("gamma"),
            Lambda = (float)arguments.Number("lam"),
            ClipRange = (float)arguments.Number("cliprange"),
            ValueClipRange = (float)arguments.Number("cliprange_value"),
            ValueCoef = (float)arguments.Number("vf_coef"),
            Epochs = arguments.OptionalInteger("num_ppo_epochs") ?? 1,
            MiniBatches = arguments.OptionalInteger("num_mini_batches") ?? 1,
            Accumulation = arguments.OptionalInteger("gradient_accumulation_steps") ?? 1,
            InvalidLogprob = invalid,
        };
    }
}
