namespace Rlhf.Training.Ppo;

/// <summary>How the real tokens of a truncated response are counted.</summary>
public enum ResponseLengthRule
{
    /// <summary>Up to and including the stop token, also where the padding token is the same one.</summary>
    StopToken,

    /// <summary>Up to the first padding token (TRL, N+): with pad = EOS the EOS itself does not count.</summary>
    FirstPad,
}
