using System.Globalization;

namespace Orleans
{
    /// <summary>Names a kind of grain. Without it the class's name in lower case, less a trailing <c>grain</c>, is the name.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class GrainTypeAttribute(string grainType) : Attribute
    {
        /// <summary>The name.</summary>
        public string GrainType { get; } = grainType;
    }

    /// <summary>Activations of this class are never collected as idle.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class KeepAliveAttribute : Attribute;

    /// <summary>How long activations of this class stay without a request before they are collected.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CollectionAgeLimitAttribute : Attribute
    {
        private static readonly TimeSpan s_least = TimeSpan.FromMinutes(1);

        /// <summary>Takes the sum of <see cref="Days"/>, <see cref="Hours"/> and <see cref="Minutes"/>.</summary>
        public CollectionAgeLimitAttribute() { }

        /// <summary>Takes a span in words, <c>"00:10:00"</c>.</summary>
        public CollectionAgeLimitAttribute(string inactivityPeriod) => Text = TimeSpan.Parse(inactivityPeriod, CultureInfo.InvariantCulture);

        /// <summary>Days.</summary>
        public double Days { get; init; }

        /// <summary>Hours.</summary>
        public double Hours { get; init; }

        /// <summary>Minutes.</summary>
        public double Minutes { get; init; }

        /// <summary>Never collect.</summary>
        public bool AlwaysActive { get; init; }

        /// <summary>The limit; at least one minute.</summary>
        /// <exception cref="ArgumentException">The limit is below one minute.</exception>
        public TimeSpan AgeLimit
        {
            get
            {
                if (AlwaysActive) return Timeout.InfiniteTimeSpan;
                var limit = Text ?? TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
                return limit >= s_least ? limit : throw new ArgumentException($"CollectionAgeLimit is {limit}: it must be at least {s_least}");
            }
        }

        private TimeSpan? Text { get; }
    }

    /// <summary>How long a caller of this method waits for its response.</summary>
    [AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
    public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
    {
        /// <summary>The time.</summary>
        public TimeSpan? Timeout { get; } = TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);
    }
}

namespace Orleans.Runtime
{
    /// <summary>Names a grain interface. Without it the alias, else the full name, is the name.</summary>
    [AttributeUsage(AttributeTargets.Interface)]
    public sealed class GrainInterfaceTypeAttribute(string value) : Attribute
    {
        /// <summary>The name.</summary>
        public string Value { get; } = value;
    }
}

namespace Orleans.Metadata
{
    /// <summary>Which kind of grain is meant where several classes implement the interface.</summary>
    [AttributeUsage(AttributeTargets.Interface)]
    public sealed class DefaultGrainTypeAttribute(string grainType) : Attribute
    {
        /// <summary>The kind of grain.</summary>
        public string GrainType { get; } = grainType;
    }
}

namespace Orleans.CodeGeneration
{
    /// <summary>The version of a grain interface. One silo runs one version; the number is carried for clusters.</summary>
    [AttributeUsage(AttributeTargets.Interface)]
    public sealed class VersionAttribute(ushort version) : Attribute
    {
        /// <summary>The version.</summary>
        public ushort Version { get; } = version;
    }
}
