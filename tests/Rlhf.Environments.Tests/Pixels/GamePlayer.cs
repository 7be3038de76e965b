using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Pixels;

/// <summary>Plays the games: at random, or by a script that reads the state as a good player reads the screen.</summary>
internal static class GamePlayer
{
    private const int Pixels = PixelEnvironment.FrameSize * PixelEnvironment.FrameSize;

    /// <summary>Mean return of some episodes.</summary>
    public static double Return(string game, bool scripted, int episodes, int horizon = 1000)
    {
        using PixelEnvironment environment = PixelGames.Create(game, new PixelOptions { Horizon = horizon });
        float[] observation = new float[environment.Spec.ObservationLength];
        double[] state = new double[environment.Spec.StateLength], before = new double[state.Length];
        double sum = 0;
        for (int episode = 0; episode < episodes; episode++)
        {
            var random = new Random(episode);
            environment.Reset((ulong)episode, observation);
            environment.CaptureState(state);
            for (bool done = false; !done;)
            {
                state.CopyTo(before, 0);
                environment.CaptureState(state);
                int action = scripted ? Choose(game, state, before) : random.Next(environment.Spec.Actions.Choices);
                StepResult step = environment.Step([action], observation);
                sum += step.Reward;
                done = step.Done;
            }
        }

        return sum / episodes;
    }

    /// <summary>A hash of the newest frame after some steps of a fixed sequence of actions.</summary>
    public static ulong FrameHash(string game, ulong seed, int steps)
    {
        using PixelEnvironment environment = PixelGames.Create(game);
        float[] observation = new float[environment.Spec.ObservationLength];
        environment.Reset(seed, observation);
        for (int i = 0; i < steps; i++)
            environment.Step([i * 7 / 5 % environment.Spec.Actions.Choices], observation);
        ulong hash = 14695981039346656037;
        foreach (float value in observation.AsSpan(3 * Pixels))
            hash = (hash ^ (byte)MathF.Round(value * 255)) * 1099511628211;
        return hash;
    }

    private static int Choose(string game, double[] state, double[] before) => game switch
    {
        "pong" => Pong(state, before),
        "breakout" => Towards(state[2] + 7, state[0] < 0 ? state[2] + 7 : state[0] + 1),
        _ => Enduro(state),
    };

    /// <summary>Under the ball while it comes, with the edge that sends it away from the machine.</summary>
    private static int Pong(double[] state, double[] before)
    {
        bool coming = state[0] > before[0];
        double edge = state[3] + 9 > 47 ? 7 : -7;
        return Towards(state[2] + 9, coming ? state[1] + 2 - edge : 47);
    }

    /// <summary>The lane with the most room ahead.</summary>
    private static int Enduro(double[] state)
    {
        double best = 0, most = double.NegativeInfinity;
        foreach (double lane in (double[])[-0.6, 0, 0.6])
        {
            double room = 60;
            for (int car = 4; car < state.Length; car += 2)
            {
                if (state[car] > 0 && Math.Abs(state[car + 1] - lane) < 0.1)
                    room = Math.Min(room, state[car]);
            }

            room -= 6 * Math.Abs(lane - state[2]);
            if (room > most)
                (most, best) = (room, lane);
        }

        return best < state[2] - 0.08 ? 2 : best > state[2] + 0.08 ? 3 : 1;
    }

    private static int Towards(double from, double to) => to < from - 1.5 ? 1 : to > from + 1.5 ? 2 : 0;
}
