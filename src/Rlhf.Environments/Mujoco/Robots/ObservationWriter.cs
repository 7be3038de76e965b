namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>Writes an observation from the simulation's numbers, one after the other.</summary>
internal ref struct ObservationWriter(Span<float> observation)
{
    private Span<float> _rest = observation;

    public void Add(double number)
    {
        _rest[0] = (float)number;
        _rest = _rest[1..];
    }

    public void Add(ReadOnlySpan<double> numbers)
    {
        foreach (double number in numbers)
            Add(number);
    }

    /// <summary>Numbers clipped to ±<paramref name="limit"/>; a NaN stays one.</summary>
    public void AddClipped(ReadOnlySpan<double> numbers, double limit)
    {
        foreach (double number in numbers)
            Add(Math.Clamp(number, -limit, limit));
    }
}
