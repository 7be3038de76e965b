namespace Rlhf.Environments;

/// <summary>Reads actions as environments take them: a NaN is the caller's mistake, what lies outside is clipped.</summary>
internal static class Actions
{
    /// <summary>One coordinate of a box, inside its bounds.</summary>
    public static float Clip(EnvironmentSpec spec, ReadOnlySpan<float> action, int i)
    {
        float value = action[i];
        if (float.IsNaN(value))
            throw new ArgumentException($"action[{i}] of {spec.Id} is NaN, expected a number of [{spec.Actions.Low[i]}, {spec.Actions.High[i]}]");
        return Math.Clamp(value, spec.Actions.Low[i], spec.Actions.High[i]);
    }

    /// <summary>The index of a discrete action.</summary>
    public static int Index(EnvironmentSpec spec, ReadOnlySpan<float> action)
    {
        float value = action[0];
        if (!(value >= 0 && value < spec.Actions.Choices && value == MathF.Floor(value)))
            throw new ArgumentException($"the action of {spec.Id} is {value}, expected an index of 0 … {spec.Actions.Choices - 1}");
        return (int)value;
    }
}
